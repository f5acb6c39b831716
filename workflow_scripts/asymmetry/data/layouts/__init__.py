"""Layouts of the published datasets: each function reads the tree of an unpacked folder and lists its rows.

A layout looks at names and score files and opens no picture. Neither the name of an archive's top folder nor the case
of names counts. `asymmetry.data.published` checks the rows and writes the manifest.
"""
