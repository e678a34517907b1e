// Two pages, the cart and the checkout, changed as a router does: without loading anything.
import { useEffect, useState } from 'react';
import { Checkout } from './Checkout.jsx';

export function Shop({ config }) {
  const [path, setPath] = useState(location.pathname);

  useEffect(() => {
    const onPop = () => setPath(location.pathname);
    window.addEventListener('popstate', onPop);
    return () => window.removeEventListener('popstate', onPop);
  }, []);

  const go = (event) => {
    event.preventDefault();
    history.pushState(null, '', event.currentTarget.pathname);
    setPath(location.pathname);
  };

  return (
    <>
      <nav>
        <a href="/cart" onClick={go}>Cart</a> <a href="/checkout" onClick={go}>Checkout</a>
      </nav>
      <main>
        {path === '/cart' ? <h1>Your cart: one lamp</h1> : <Checkout config={config} />}
      </main>
    </>
  );
}
