"""The paper theatre: a procedural world of short cut-out films, and the truth about each of them."""
