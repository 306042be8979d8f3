"""Who does the work of an asset: the processes of this machine, or of a Dask cluster."""
