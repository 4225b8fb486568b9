"""How a shot is made: noise, schedulers, guidance, generate, extend."""
