"""How: one room per stage, floors decide who may import whom."""
