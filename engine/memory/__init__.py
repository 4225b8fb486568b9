"""What a model needs of a machine's memory, and how it is laid out there: estimate, plan, placement, measurement."""
