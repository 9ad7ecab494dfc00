"""Survey files -> the draft of a study file: `equirank init`."""
