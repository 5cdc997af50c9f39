"""``python -m negviz``: the same as the installed ``negviz``."""

from negviz.cli import main

if __name__ == "__main__":
    main()
