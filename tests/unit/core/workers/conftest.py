import sys
from pathlib import Path

# The jobs live in a module that a worker can import only because our search path is handed over to it.
sys.path.append(str(Path(__file__).parent / "importable"))
