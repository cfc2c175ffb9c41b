"""How a table, a chart and a verdict are set."""

MACROS = """\
{%- macro head(column) -%}
<th scope="col" class="{{ column.kind }}"{% if column.hint %} title="{{ column.hint }}"{% endif %}>\
{{ column.title }}{% if column.unit %} <span class="unit">{{ column.unit }}</span>{% endif %}</th>
{%- endmacro -%}

{%- macro cell(column, text) -%}
{%- if column.kind == "verdict" and text != missing -%}
<td class="verdict"><span class="chip {{ text | replace(' ', '-') }}">{{ text }}</span></td>
{%- elif column.kind == "code" -%}
<td class="code"><code>{{ text }}</code></td>
{%- else -%}
<td class="{{ column.kind }}">{{ text }}</td>
{%- endif -%}
{%- endmacro -%}

{%- macro table(grid) -%}
<div class="scroll" tabindex="0" role="region" aria-label="{{ grid.caption }}">
<table id="table-{{ grid.name }}"{% if grid.columns | length < 6 %} class="few"\
{% elif grid.columns | length > 12 %} class="many"{% endif %}>
<caption>{{ grid.caption }}</caption>
<thead><tr>{% for column in grid.columns %}{{ head(column) }}{% endfor %}</tr></thead>
<tbody>
{%- for row in grid.rows %}
<tr>{% for text in row %}{{ cell(grid.columns[loop.index0], text) }}{% endfor %}</tr>
{%- endfor %}
</tbody>
</table>
</div>
{%- endmacro -%}

{%- macro chart(drawn) -%}
<figure>
<div class="plot" id="{{ drawn.name }}" role="img" aria-label="{{ drawn.label }}" \
style="height:{{ drawn.height }}px"></div>
<script type="application/json" data-chart="{{ drawn.name }}">{{ drawn.json }}</script>
{%- if drawn.note %}
<figcaption>{{ drawn.note }}</figcaption>
{%- endif %}
</figure>
{%- endmacro -%}
"""
