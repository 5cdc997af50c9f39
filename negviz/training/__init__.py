"""Training: what negatives are worth, measured by the retriever that they train.

A ``Plan`` says what is compared: a student, and some arms (a schedule of negatives each), over some seeds. Running it
in a folder writes a checkpoint after every round, so that it can be stopped, killed and resumed; the report reads what
is there. ``Lessons`` is what flows into a student: the pairs, their negatives, and what may never be pushed away.
"""
