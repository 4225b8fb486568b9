"""The command line: one verb a module. They say what they want to `storyboards` and hear from the engine.

Nothing here is imported before its verb is asked for, so that `--help` and `show` start without torch.
"""
