"""Everything that touches OpenCL: discovery, program build, memory, the backend; the only importer of pyopencl."""
