"""What the tear sheet's style adds to the report's."""

_SHADES = (0.1, 0.2, 0.31, 0.43, 0.56)
_HEAT = "".join(
    f".heat-up{n}{{background:rgba(42,111,176,{a})}}.heat-down{n}{{background:rgba(191,95,20,{a})}}"
    for n, a in enumerate(_SHADES, 1)
)
_RULES = """
.tiles div{display:block;flex:1 1 11rem}
.tiles dd.value{font-size:1.35rem;font-weight:600}
.tiles dd.small{font-size:.78rem;font-weight:400;color:var(--soft);line-height:1.35}
aside ul{columns:auto}
.alarm+.span{margin-top:1rem}
table.months{width:auto;min-width:40rem}
table.months :is(th,td){text-align:right;padding:.3rem .55rem}
table.months th[scope=row]{text-align:left;padding-left:0;border-bottom:1px solid var(--line)}
table.months td{border:1px solid var(--paper)}
table.months td.year{font-weight:600;border-left:.5rem solid var(--paper)}
table.months tbody tr:hover td:not([class*=heat]){background:none}
.cards{align-items:start}
.card{overflow-x:auto}
.card table{width:auto}
.card :is(h3,h4,h5,h6){margin:1rem 0 .3rem}
.card>:first-child{margin-top:0}
.card p,.card li{overflow-wrap:anywhere}
.wide{max-width:none}
.picture img{width:100%;height:auto;border:1px solid var(--line);background:#fff}
h1,.span,.kicker,li,dd{overflow-wrap:anywhere}
td.text{max-width:24rem;overflow-wrap:anywhere}
td.prose{min-width:14rem}
"""

SHEET_STYLE = f"{_RULES}{_HEAT}"
