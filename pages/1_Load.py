"""Load: choose data, see what was read, and mine its candidates."""

from negviz.ui import building, converting, dataset_view, loading, ordering, stored
from negviz.ui.frame import open_page

open_page("Load", "Read queries, documents and labelled positives, look at what was read, then mine candidates.")
mining = building.show()
chosen = loading.choose("load", primary=loading.last() is None and not mining)
converting.show(chosen, "convert")
reading = loading.reading()
if reading is not None:
    dataset_view.show_dataset(reading, "load")
    ordering.mine_form(reading.dataset, "load")
stored.show_pools("load")
