"""Exporters: one file a trainer's format; each writes a training set exactly as that trainer's code reads it.

An exporter is ``name(*, examples, folder, knobs) -> counts``, registered with these traits:

- ``trainer``: whose format it is.
- ``reads``: the loader that reads its files back, empty if none does.
- ``rows``: a generator of what it writes, which the preview shows too: ``rows(examples, left_out, **knobs)``.
- ``snippet``: code that loads or trains (see ``negviz.card.snippet``), or a function from knobs to it, in the
  ``language`` python or bash. It writes nothing into the export, which would no longer be as it was written.
- ``holds``: what its data can say beside the texts, of ``negviz.survey.FACTS``, and ``counts`` where rows may differ in
  their number of negatives; what is not among them is said before anything is written.
- ``by_id``: True where it names documents by id, so that each needs one.
- ``configs`` and ``beside``, where it writes other files than the data and its ids: configurations of the card (name to
  path), and what each file is for.
- ``name_shown``: the spelling that people know it by, if it is another.
"""

from negviz.registry import Registry

EXPORTERS = Registry("format", "negviz.exporters", context=frozenset({"examples", "folder"}))
