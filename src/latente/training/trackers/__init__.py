"""Trackers: following a run in the tools that people have open already.

Each file of this folder holds a tracker, by the name that the option ``track`` takes. It is imported when it is asked
for, since its library is optional and slow to import.
"""

import pkgutil

NAMES = tuple(file.name for file in pkgutil.iter_modules(__path__) if file.name != "tracker")
