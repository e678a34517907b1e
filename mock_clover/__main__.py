"""`python -m mock_clover` is the same as `mock-clover`."""

from mock_clover.cli import main

if __name__ == "__main__":
    main()
