"""The document: tables, operations, lineage, jobs, migrations, stories. Knows neither Qt nor torch.

Start with `storyboards.project.Project`; `storyboards.requests` is the only module that speaks `engine.contract`'s
requests and events. This file imports nothing, so that importing one part never pays for another.
"""
