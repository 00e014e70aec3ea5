"""`elm-landslide e3sm`: puts ELM-Landslide into a case of E3SM, says whether it is in place, and takes it out.

case.py         a case directory: where its checkout is, its XML variables
sources.py      what the tool ships: the component's sources, templates, hooks
hooks.py        marked lines in the user's own ELM files
namelists.py    user_nl_elm and user_nl_landslide
disturbances.py the disturbances of a scenario in a case
manifest.py     what enable wrote and what was there before
plan.py         everything that enable or disable would change, in memory
transaction.py  shows the changes, or makes them: all or none

cime_config/hooks.toml lists where ELM calls the component; commands/e3sm.py is the command line.
"""
