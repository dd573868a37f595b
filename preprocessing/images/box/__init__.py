"""The box: pictures are decoded in small processes of their own, within limits of the system.

A decoder is a large program in C that reads what strangers send. In the box it has a bounded amount
of memory and processor time, no network and no files; what it does to itself harms nobody else.

Read `client` first: `Box.decode` is all that others call. `program` is what runs in the processes,
`limits` and `system_calls` are what confines them, `budget` says how much a picture may take, and
`messages` is what is said through their sockets.
"""
