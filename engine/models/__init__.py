"""Which models there are, how they get here, and whether they fit.

From the hub to a loaded worker: `catalog` names the model and `choice` picks one; `weights` looks
for it here, or starts the process of `fetch`; there `hub` asks and downloads, `repository` judges
by names, `loadable` by the small files and `integrity` by the bytes. `saved` keeps folders with a
manifest. `tensors` and `memory` count what a model needs, `gpu` and `hardware` what there is.
"""
