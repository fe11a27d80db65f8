"""``python -m modelcollapse.cli``."""

from modelcollapse.cli import main

if __name__ == "__main__":
    main()
