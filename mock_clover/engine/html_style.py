"""The style sheet of all HTML pages: light and dark, from 360 px width.

The content security policy contains its hash.
"""

_COLORS = """\
:root{color-scheme:light dark;
--ground:#f2f0ea;--sheet:#fffefb;--well:#f7f5ef;--ink:#1f2528;--quiet:#586068;--line:#dcd7cb;
--edge:#8b8f8c;--accent:#0e5a6a;--deep:#0a4551;--on-accent:#fff;--wrong:#a1221b;
--wrong-ground:#fcf0ee;--good:#1b6a3e;--good-ground:#edf6f0;
--shade:0 1px 2px #0001,0 8px 24px #0000000d}
@media (prefers-color-scheme:dark){:root{
--ground:#121517;--sheet:#1b1f22;--well:#15181b;--ink:#edebe5;--quiet:#a8aeb3;--line:#343a3f;
--edge:#788087;--accent:#8ccfdd;--deep:#b3e2ec;--on-accent:#06272e;--wrong:#ffb4ab;
--wrong-ground:#37201e;--good:#93d9ac;--good-ground:#16291d;--shade:none}}
"""
_FRAME = """\
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);
color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
body>*{width:100%;max-width:30rem;margin:0 auto;padding:0 1rem}
body.wide>*{max-width:58rem}
header{display:flex;gap:1rem;align-items:baseline;justify-content:space-between;
padding:1.25rem 1rem .75rem}
header p{margin:0;font-weight:600}
header .badge{flex:none;font-size:.75rem;letter-spacing:.04em;padding:.05rem .5rem;
border:1px solid var(--edge);border-radius:1rem;color:var(--quiet)}
footer{padding:1.25rem 1rem 2rem;margin-top:auto;color:var(--quiet);font-size:.8125rem}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem;letter-spacing:-.01em}
h2{font-size:1rem;margin:0 0 .75rem}
p{margin:0 0 .75rem}
a{color:var(--accent);text-underline-offset:.15em}
a:hover{color:var(--deep)}
small,.quiet{color:var(--quiet);font-size:.875rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.25rem}
.sheet{background:var(--sheet);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;
margin:0 0 1rem;box-shadow:var(--shade)}
.sheet>:last-child{margin-bottom:0}
.wrong,.good{border-left:4px solid var(--wrong);background:var(--wrong-ground);padding:.75rem 1rem;
border-radius:.375rem;margin:0 0 1rem}
.wrong p,.good p{margin:0}
.wrong p{font-weight:600;color:var(--wrong)}
.wrong ul{margin:.375rem 0 0;padding-left:1.125rem}
.wrong a,.wrong li::marker{color:var(--wrong)}
.good{border-color:var(--good);background:var(--good-ground)}
.good p{color:var(--good);font-weight:600}
@media (min-width:48rem){
.columns{display:grid;grid-template-columns:5fr 6fr;gap:1.25rem;align-items:start}
h1{font-size:1.75rem}
.sheet{padding:1.5rem}}
"""
_FORM = """\
.field{margin:0 0 1rem}
label,legend{display:block;font-weight:600;font-size:.9375rem;margin:0 0 .25rem;padding:0}
input:not([type=radio]){font:inherit;color:inherit;width:100%;padding:.625rem .75rem;
min-height:2.75rem;background:var(--well);border:1px solid var(--edge);border-radius:.5rem}
input:not([type=radio]):hover{border-color:var(--ink)}
input:not([type=radio]):focus-visible{outline-offset:0;border-color:var(--accent);
border-radius:.5rem;background:var(--sheet)}
input[aria-invalid]{border:2px solid var(--wrong)}
input[aria-invalid]:focus-visible{outline-color:var(--wrong)}
input::placeholder{color:var(--quiet);opacity:1}
.field small,.said{display:block;margin-top:.25rem}
.said{color:var(--wrong);font-size:.875rem;font-weight:600}
.row{display:grid;grid-template-columns:1fr 1fr;gap:0 .75rem}
.row .field{display:grid;grid-template-rows:subgrid;grid-row:span 3;row-gap:0}
.row label{align-self:end}
fieldset{border:0;margin:0 0 1rem;padding:0;min-width:0}
.number input,.row input{font-variant-numeric:tabular-nums;letter-spacing:.02em}
button{font:inherit;font-weight:600;width:100%;min-height:3rem;padding:.625rem 1rem;
border:1px solid var(--edge);border-radius:.5rem;cursor:pointer;background:transparent;
color:var(--ink);margin:0 0 .625rem}
button:hover{border-color:var(--ink);background:var(--well)}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
button.main:hover{background:var(--deep);border-color:var(--deep)}
button:focus-visible{border-radius:.5rem}
@media (prefers-reduced-motion:no-preference){
button,input{transition:background-color .12s,border-color .12s}}
.address legend{color:var(--quiet);margin:0 0 .5rem}
.address label{font-weight:400}
@media (max-width:26rem){.row{grid-template-columns:2fr 3fr}
.address .row{grid-template-columns:3fr 2fr}
.row label{font-size:.875rem}}
@media (max-width:22rem){.row,.address .row{grid-template-columns:1fr}}
"""
_TABLE = """\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--quiet);font-size:.875rem;padding-bottom:.25rem}
th{font-weight:400;text-align:left}
th,td{border-top:1px solid var(--line);padding:.625rem 0;vertical-align:top}
thead th{border-top:0;padding:0 0 .25rem;color:var(--quiet);font-size:.8125rem}
td,th+th{text-align:right;white-space:nowrap;padding-left:1rem}
th small{display:block}
tfoot th,tfoot td{border-top:0;padding:.25rem 0;color:var(--quiet)}
tfoot tr:first-child>*{border-top:1px solid var(--line);padding-top:.625rem}
tfoot tr:last-child>*{color:var(--ink);font-weight:600;font-size:1.125rem;padding-top:.375rem}
"""

_CHOICES = """\
code{font:.875em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--quiet);
background:var(--well);border:1px solid var(--line);border-radius:.25rem;padding:.0625rem .3125rem}
dl{margin:0 0 1.25rem;padding:.75rem 1rem;background:var(--well);border:1px solid var(--line);
border-radius:.5rem}
dt{color:var(--quiet);font-size:.875rem}
dd{margin:0 0 .5rem;font-weight:600}
dd:last-child{margin:0}
dd code,label code{font-weight:400}
.grants{list-style:none;margin:0 0 1.25rem;padding:0}
.grants li{padding:.375rem 0 .375rem 1.75rem;border-top:1px solid var(--line);position:relative}
.grants li:last-child{border-bottom:1px solid var(--line)}
.grants li::before{content:"";position:absolute;left:.375rem;top:.8125rem;width:.75rem;
height:.375rem;border:solid var(--accent);border-width:0 0 2px 2px;transform:rotate(-45deg)}
.choice{position:relative;margin:0 0 .5rem}
.choice input{position:absolute;left:.875rem;top:1rem;width:1.125rem;height:1.125rem;margin:0;
accent-color:var(--accent)}
.choice label{margin:0;padding:.75rem .875rem .75rem 2.75rem;border:1px solid var(--edge);
border-radius:.5rem;cursor:pointer}
.choice label:hover{border-color:var(--ink)}
.choice input:checked+label{border-color:var(--accent);background:var(--well);
box-shadow:inset 0 0 0 1px var(--accent)}
.choice small{display:block;font-weight:400}
"""
_TIPS = """\
.offers{display:flex;flex-wrap:wrap;gap:.5rem}
.offers div{position:relative;display:grid;flex:1 1 4.75rem}
.offers input{position:absolute;inset:0;opacity:0;margin:0;width:100%;height:100%}
.offers label{margin:0;padding:.5rem .25rem;min-height:3.25rem;border:1px solid var(--edge);
border-radius:.5rem;display:flex;flex-direction:column;align-items:center;justify-content:center;
text-align:center;cursor:pointer}
.offers small{font-weight:400;font-size:.75rem;white-space:nowrap}
.offers label:hover{border-color:var(--ink)}
.offers input:checked+label{border-color:var(--accent);background:var(--well);color:var(--accent);
box-shadow:inset 0 0 0 1px var(--accent)}
.offers input:focus-visible+label{outline:3px solid var(--accent);outline-offset:2px}
.tips .field{margin:.75rem 0 0}
.t1,.t2,.t3,.t4,.t-own{display:none}
@supports not selector(:has(a)){.t0{display:none}.t-own{display:inline}}
body:has(#tip-1:checked) .t1,body:has(#tip-2:checked) .t2,body:has(#tip-3:checked) .t3,
body:has(#tip-4:checked) .t4,body:has(#tip-own:checked) .t-own{display:inline}
body:has(#tip-1:checked,#tip-2:checked,#tip-3:checked,#tip-4:checked,#tip-own:checked) .t0,
.tips:not(:has(#tip-own:checked)) .tip_own{display:none}
summary{cursor:pointer;font-weight:600}
.cards table{margin-top:.75rem}
.cards td{white-space:normal;color:var(--quiet);font-size:.875rem}
"""

STYLE = _COLORS + _FRAME + _FORM + _TABLE + _CHOICES + _TIPS
