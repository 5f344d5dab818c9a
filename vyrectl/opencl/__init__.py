"""Everything that touches OpenCL, and the only importer of pyopencl: discovery, program build, backend."""
