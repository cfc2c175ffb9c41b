"""How often discovery is wrong: the whole of it on markets whose truth is known."""
