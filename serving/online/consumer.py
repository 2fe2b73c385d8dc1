"""The former name of `python -m serving.stream`."""

from serving.stream.__main__ import main

if __name__ == "__main__":
    main()
