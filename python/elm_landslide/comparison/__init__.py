"""`elm-landslide compare`: what changes between sets of output, where, and how sure that is.

sets.py          files of the sets, lazily, and whether they can be compared
annual.py        one pass over the records: what each year of each member gives by cell
extremes.py      generalised extreme values of annual maxima: return levels and periods
significance.py  tests and intervals over years and members, false discovery rate
regions.py       boxes and polygons
compare.py       the comparison itself
output.py        its netCDF file
report.py        its page of HTML, with figures.py
"""
