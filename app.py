"""Home: what is loaded, the road from data to export, what to do next."""

from negviz.ui import building, home
from negviz.ui.frame import open_page

open_page("Home", "See, tune, label, measure and clean the hard negatives that dense retrievers are trained on.")
building.open_sample_if_wanted()
building.show()
home.show_home("home")
