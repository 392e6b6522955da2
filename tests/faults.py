"""Model files with one fault each, otherwise whole and with a right checksum."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np

from refsim import model_file


def alter(path, change):
    """Write a model again after a change to its members."""
    members = model_file.read_members(path)
    change(members)
    path.write_bytes(model_file.sealed({f"{name}.npy": saved(array) for name, array in members.items()}))


def saved(array):
    """Return what NumPy makes of an array, also of one that refsim would not write."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def alter_description(change):
    """Make a change of the members out of a change of the JSON."""

    def change_members(members):
        content = json.loads(members["network"].tobytes())
        change(content)
        members["network"] = np.frombuffer(json.dumps(content).encode(), np.uint8)

    return change_members


def plant_pickle(path, name, value):
    """Put a pickled object in the place of an array."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    planted = np.lib.format.magic(1, 0) + len(header).to_bytes(2, "little") + header + pickle.dumps([value])
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w") as new:
        for member in old.namelist():
            new.writestr(zipfile.ZipInfo(member), planted if member == f"{name}.npy" else old.read(member))
        new.comment = bytes(model_file.SEAL_LENGTH)
    unsealed = stream.getvalue()[: -model_file.SEAL_LENGTH]
    path.write_bytes(unsealed + model_file.SEAL + hashlib.sha256(unsealed).hexdigest().encode())
