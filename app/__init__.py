"""The Qt editor. Knows `storyboards` and `engine.contract`; never imports torch."""
