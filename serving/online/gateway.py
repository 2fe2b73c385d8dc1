"""The former name of `python -m serving.gateway`."""

from serving.gateway.__main__ import main

if __name__ == "__main__":
    main()
