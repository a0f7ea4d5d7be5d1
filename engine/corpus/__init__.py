"""The FAQ: read from files and addresses into Documents.

From a file to an entry with an address: `listing` finds the files, `files` picks the parser of
`formats` and names course and section; `web` does so for an address. `published` tells where
readers open a file, `selection` leaves out what says nothing, `documents` gives each entry its id,
its address and `links` that open. `loader` does it all, and keeps what was good.
"""
