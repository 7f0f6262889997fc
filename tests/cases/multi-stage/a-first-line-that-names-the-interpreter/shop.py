import pathlib, subprocess
[subprocess.run([tool]) for tool in pathlib.Path("/srv/bin").iterdir()]
