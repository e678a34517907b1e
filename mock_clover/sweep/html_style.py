"""The style sheet of the HTML report: light and dark, from 360 px width."""

STYLE = """\
:root{color-scheme:light dark;
--ground:#f2f0ea;--sheet:#fffefb;--well:#f7f5ef;--ink:#1f2528;--quiet:#586068;--line:#dcd7cb;
--accent:#0e5a6a;--wrong:#a1221b;--wrong-ground:#fcf0ee;--good:#1b6a3e;--good-ground:#edf6f0;
--warn:#7a4a00;--warn-ground:#fbf1dd}
@media (prefers-color-scheme:dark){:root{
--ground:#121517;--sheet:#1b1f22;--well:#15181b;--ink:#edebe5;--quiet:#a8aeb3;--line:#343a3f;
--accent:#8ccfdd;--wrong:#ffb4ab;--wrong-ground:#37201e;--good:#93d9ac;--good-ground:#16291d;
--warn:#f0c878;--warn-ground:#332912}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:.875rem;color:var(--quiet);margin:.75rem 0 .25rem}
p,ul,dl{margin:0 0 .75rem}
ul{padding-left:1.125rem}
code,pre{font:.8125rem/1.5 ui-monospace,Menlo,Consolas,monospace}
p.wrong{color:var(--wrong);font-weight:600}
.scroll{overflow-x:auto;background:var(--sheet);border:1px solid var(--line);
border-radius:.75rem;margin:0 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{padding:.5rem .625rem;text-align:left;border-bottom:1px solid var(--line);
overflow-wrap:normal;vertical-align:bottom}
tbody tr:last-child>*{border-bottom:0}
tbody th{font:.8125rem/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:nowrap}
tbody th,thead th:first-child{position:sticky;left:0;background:var(--sheet)}
thead th{color:var(--quiet);font-weight:600}
.survived,.failed_safely,.unreconciled,.lost_money,.hung{display:inline-block;
padding:.0625rem .5rem;border-radius:1rem;font-size:.8125rem;font-weight:600;
text-decoration:none;white-space:nowrap}
.survived,.failed_safely{color:var(--good);background:var(--good-ground)}
.failed_safely{font-weight:400}
.unreconciled{color:var(--warn);background:var(--warn-ground)}
.lost_money,.hung{color:var(--wrong);background:var(--wrong-ground)}
.lost_money{outline:1px solid}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem .75rem;font-size:.875rem}
dd{margin:0;color:var(--quiet)}
details{background:var(--sheet);border:1px solid var(--line);border-radius:.75rem;
padding:.75rem 1rem;margin:0 0 .75rem}
details:target{border-color:var(--accent)}
summary{cursor:pointer}
details[open]>summary{margin-bottom:.5rem}
pre{margin:0;padding:.625rem .75rem;background:var(--well);border-radius:.375rem;
white-space:pre-wrap;max-height:24rem;overflow-y:auto}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.25rem}
footer{color:var(--quiet);font-size:.8125rem}
@media (max-width:30rem){tbody th{min-width:9.25rem;white-space:normal;overflow-wrap:anywhere}
dl{grid-template-columns:1fr}dd{margin:0 0 .375rem}}
"""
