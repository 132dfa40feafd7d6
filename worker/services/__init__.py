"""The composition root: one builder per role constructs the parts of a process from the settings.

`common` builds what every role needs. `front` adds what the web server's views use, `worker` what a Celery worker runs
(`answering`, `delivering` and `ingesting`, by the queues that it consumes), and `commands` what the command line uses.
Nothing else in the code base calls these constructors, and no part receives more than the collaborators that it needs.

A worker is built after the fork. Modules that load an index, an embedding model or a language model's client are
imported where they are used, because the web server uses none of them.
"""
