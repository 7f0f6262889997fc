import subprocess
subprocess.run(["/srv/bin/count.py"])
