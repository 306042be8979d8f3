"""What trainers load: one module per format, and what the formats share.

`formats` names all of them. Each is a function from an `ExportSource` (`source`) to the files of
the export, which somebody else writes.
"""
