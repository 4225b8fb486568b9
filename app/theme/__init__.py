"""How the editor looks: colours, sizes, icons and the one style sheet."""
