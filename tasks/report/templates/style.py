"""The page's style: system fonts, two schemes, paper."""

_LIGHT = """
--paper:#fff;--card:#f7f7f5;--ink:#1b1d20;--soft:#5c6168;--line:#e4e4e1;--axis:#c4c5c3;\
--accent:#23619f;--good:#20734a;--bad:#a6392e;\
--s1:#2a6fb0;--s2:#bf5f14;--s3:#2a8a5f;--s4:#8257ad;--s5:#b23a5e;--s6:#85751a;--s7:#2d8894;\
--s8:#6a6f76;\
--gap0:#ececea;--gap1:#f0cf9d;--gap2:#e39a54;--gap3:#c95c2c;--gap4:#8e2323;
"""
_DARK = """
--paper:#131417;--card:#1b1d21;--ink:#e6e7e9;--soft:#a2a7ae;--line:#2b2e33;--axis:#4a4e55;\
--accent:#6ea8e6;--good:#6fc193;--bad:#e58a7d;\
--s1:#6ea8e6;--s2:#e59a57;--s3:#69c397;--s4:#b796de;--s5:#e682a0;--s6:#c9b95c;--s7:#6cc3cd;\
--s8:#a2a7ae;\
--gap0:#26292e;--gap1:#6b4a1f;--gap2:#a8641f;--gap3:#dd8a43;--gap4:#ffd0a0;
"""
_RULES = """
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.5rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:.1rem 0 .2rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:0 0 .5rem;font-weight:620}
h3{font-size:1rem;margin:2rem 0 .4rem;font-weight:620}
h4{font-size:.92rem;margin:0;font-weight:600}
h4 span{color:var(--soft);font-weight:400;margin-left:.3em}
p{margin:0 0 .9rem;max-width:46rem}
main>section,footer{margin-top:3.25rem;padding-top:1.5rem;border-top:1px solid var(--line)}
.kicker,.span,.quiet,figcaption,summary{color:var(--soft)}
.kicker{font-size:.82rem;margin:0}
.span{margin-bottom:1.4rem;font-variant-numeric:tabular-nums}
.quiet,figcaption{font-size:.85rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.92em}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem;z-index:3}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}

nav{position:sticky;top:0;z-index:2;background:var(--paper);border-bottom:1px solid var(--line)}
nav ol{display:flex;gap:1.15rem;list-style:none;margin:0;padding:.6rem 1.25rem;overflow-x:auto;
max-width:76rem;margin:0 auto;scrollbar-width:none}
nav a{color:var(--soft);text-decoration:none;white-space:nowrap;font-size:.85rem}
nav a:hover,nav a[aria-current]{color:var(--ink)}
nav a[aria-current]{box-shadow:0 2px 0 var(--accent)}

.tiles{display:flex;flex-wrap:wrap;gap:1px;
margin:0 0 1.8rem;background:var(--line);
border:1px solid var(--line);border-radius:6px;overflow:hidden}
.tiles div{flex:1 1 7.2rem;background:var(--paper);padding:.7rem .9rem;
display:flex;flex-direction:column-reverse}
.tiles dt{color:var(--soft);font-size:.82rem}
.tiles dd{margin:0;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums}
.columns{display:grid;grid-template-columns:1fr 1fr;gap:0 2.5rem}
header h2{font-size:.95rem;margin:0 0 .25rem}
.found{font-weight:500}
.best{margin:.2rem 0 1.2rem;padding-left:1.1rem}
.best li{margin-bottom:.35rem}
aside{background:var(--card);border-radius:6px;padding:.9rem 1.1rem;font-size:.9rem}
aside ul{margin:0;padding-left:1.1rem;columns:24rem 2;column-gap:2.5rem}
aside li{margin-bottom:.35rem;break-inside:avoid}

.scroll{overflow-x:auto;margin:.4rem 0 1rem;
background:linear-gradient(90deg,var(--paper) 40%,transparent) 0 0/2.5rem 100% no-repeat local,
linear-gradient(270deg,var(--paper) 40%,transparent) 100% 0/2.5rem 100% no-repeat local,
linear-gradient(90deg,var(--line),transparent) 0 0/.6rem 100% no-repeat scroll,
linear-gradient(270deg,var(--line),transparent) 100% 0/.6rem 100% no-repeat scroll}
.many td.prose{white-space:nowrap}
table.few{width:auto}table.few th,table.few td{padding-right:1.6rem}
table{border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums;width:100%}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.3rem .7rem .3rem 0;text-align:left;vertical-align:top;white-space:nowrap}
th{white-space:normal;color:var(--soft);font-weight:500;border-bottom:1px solid var(--axis);
vertical-align:bottom}
th[title]{cursor:help}
td{border-bottom:1px solid var(--line)}
tbody tr:hover td{background:var(--card)}
th.number,td.number{text-align:right}
td.number+td:not(.number),th.number+th:not(.number){padding-left:.6rem}
td.prose{white-space:normal;min-width:22rem}
.unit{font-weight:400;opacity:.75;font-size:.92em}
.chip{display:inline-flex;align-items:center;gap:.4em}
.chip::before{content:"";width:.55em;height:.55em;border-radius:50%;border:1.5px solid var(--axis)}
.finding::before,.promoted::before,.passed::before{background:var(--good);border-color:var(--good)}
.rejected::before,.failed::before{background:var(--bad);border-color:var(--bad)}
.finding,.promoted{font-weight:600}

figure{margin:.4rem 0 1rem;min-width:0}
.plot{width:100%}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem 2rem}
.pair>*{min-width:0}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr));
gap:.6rem 2rem;margin:.8rem 0 0}
.panels>*{min-width:0}
.stressed+.stressed{border-top:1px solid var(--line);margin-top:2rem}
.stressed h3{display:flex;flex-wrap:wrap;gap:.2rem 1rem}
.stressed h3 .chip{font-size:.85rem;font-weight:400}
.stressed table.few :is(th,td){padding-right:.9rem}
@media (min-width:700px){.panels>.wide{grid-column:span 2}}
@media (min-width:1000px){.stressed .pair{grid-template-columns:minmax(0,1.3fr) minmax(0,1fr)}}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.85rem;color:var(--soft);max-width:none}
.key span{display:inline-flex;align-items:center;gap:.4em}
.key i{width:.9em;height:.9em;border-radius:2px}
.gap0{background:var(--gap0)}.gap1{background:var(--gap1)}.gap2{background:var(--gap2)}
.gap3{background:var(--gap3)}.gap4{background:var(--gap4)}
details{margin:.4rem 0}
summary{cursor:pointer;font-size:.88rem}
pre{overflow-x:auto;background:var(--card);border-radius:6px;padding:.9rem 1rem;line-height:1.45;
font-size:.8rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:1rem}
.card{border:1px solid var(--line);border-radius:6px;padding:1rem 1.2rem;min-width:0}
.card h3{margin:0}
.card h4{margin:1rem 0 .2rem}
.card :is(p,li){font-size:.9rem;overflow-wrap:anywhere}
.card :is(p,ul){margin:.2rem 0}.card ul{padding-left:1.1rem}
.card table{display:block;overflow-x:auto;margin:.4rem 0}

.scenes{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:1rem}
.scenes figure{margin:.4rem 0 0}
.scenes+p{margin:.5rem 0 1rem;max-width:none}
#table-duplicates{width:auto}#table-duplicates :is(th,td){padding-right:1.6rem}
.scene{width:100%;max-width:30rem;background:var(--card);border-radius:4px;display:block;
margin-bottom:.3rem}
.scene text{fill:var(--soft);font-size:9px;font-variant-numeric:tabular-nums}
.scene .up{fill:var(--good)}.scene .down{fill:var(--bad)}
.scene .wick{fill:none;stroke-width:1}.scene .wick.up{stroke:var(--good)}
.scene .wick.down{stroke:var(--bad)}
.scene .veil{fill:var(--card);fill-opacity:.62}
.scene .known{stroke:var(--accent);stroke-width:1}
.scene .anchor{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.scene .mark{fill:var(--accent)}
.heat{display:block;font-size:9px;fill:var(--accent)}
.heat text{fill:var(--soft)}
.heat a:hover text{fill:var(--ink)}
.heat .frame{fill:none;stroke:var(--axis);stroke-width:.6}
.heat .twin{stroke:var(--ink);stroke-width:1.2}
.key .heat-key{background:var(--accent)}
.parameter{white-space:nowrap;margin-left:.55rem}
.alarm{color:var(--bad);font-weight:600;border-left:3px solid var(--bad);padding-left:.8rem}
.reason{color:var(--bad);font-size:.9rem}
td.code a{color:inherit;text-decoration-color:var(--axis);text-underline-offset:.2em}
td.code a:hover{color:var(--accent)}
.event{break-before:page}

@media (max-width:640px){
body{font-size:14.5px}
main{padding:1.2rem 1rem 3rem}
nav ol{padding:.6rem 1rem}
.columns{grid-template-columns:1fr}
td.prose{min-width:14rem}
#table-index td.prose{white-space:nowrap}
.stressed td.text{white-space:normal}
table.few td.prose{min-width:8rem}table.few th,table.few td{padding-right:.8rem}
}
@page{size:landscape;margin:11mm}
@media print{
nav,.skip,noscript{display:none}
body{font-size:10pt}
main{max-width:none;padding:0}
main>section,footer{margin-top:1.6rem}
.scroll{overflow:visible}
table{font-size:7pt}
th,td{white-space:normal;padding-right:.45rem}
td.prose,.many td.prose{min-width:0;white-space:normal}
.heat{width:auto;height:auto;max-width:100%;max-height:132mm}
#overlap{break-before:page}
main>.event{margin-top:0;padding-top:0;border:0}
.event p{margin-bottom:.5rem}
.event :is(th,td){padding-top:.12rem;padding-bottom:.12rem}
.event .scroll{margin-bottom:.5rem}
.pair{grid-template-columns:1fr 1fr}
.panels{grid-template-columns:1fr 1fr 1fr}
figure,article,tr,aside,.tiles{break-inside:avoid}
h2,h3{break-after:avoid}
}
"""

STYLE = (
    f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root:not(.paper){{{_DARK}}}}}"
    f"{_RULES}"
)
