"""Run `mock-clover` as `python -m mock_clover`."""

from mock_clover.cli import main

if __name__ == "__main__":
    main()
