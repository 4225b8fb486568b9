"""What a shot sees: blocks, planner, cache."""
