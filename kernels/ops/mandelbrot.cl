/* mandelbrot.cl - one tile of a picture, a limited number of iterations a turn.
 *
 * input:  12 u32 words: width, height, tile width, tile height, iterations in all, iterations a turn,
 *         then float32 bits: left, top, step in x, step in y (two words are spare)
 * output: u32, three planes of width * height: iteration counts, then the orbit's real and imaginary float32
 * bits
 * param:  tile number, row by row. pc: iterations made. A pixel is still inside when its count equals pc.
 */

VYRE_OP(0x1009, mandelbrot,
        "tile param of the view in input: iteration counts into output; yields every so many iterations (pc "
        "= iterations made)") {
    __global const uint *view = vyre_read_u32(task, task->input_handle, 0, 12);
    VYRE_CHECK(task);
    const uint width = view[0], height = view[1], tile_width = view[2], tile_height = view[3];
    const uint most = view[4], turn = view[5];
    if (!width || !height || !tile_width || !tile_height || !turn)
        return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    const uint columns = (width - 1u) / tile_width + 1u;
    const uint rows = (height - 1u) / tile_height + 1u;
    if (task->param / columns >= rows) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    const ulong pixels = (ulong)width * height;
    if (pixels > VYRE_U32_MAX) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT);
    __global uint *counts = vyre_write_u32(task, task->output_handle, 0, pixels * 3u);
    VYRE_CHECK(task);

    const float left = as_float(view[6]), top = as_float(view[7]);
    const float step_x = as_float(view[8]), step_y = as_float(view[9]);
    const uint x0 = (task->param % columns) * tile_width, y0 = (task->param / columns) * tile_height;
    const uint x1 = x0 + min(tile_width, width - x0), y1 = y0 + min(tile_height, height - y0);
    const uint made = task->pc;
    const uint until = made >= most ? most : made + min(turn, most - made);
    for (uint y = y0; y < y1; ++y) {
        const float im0 = top + (float)y * step_y;
        for (uint x = x0; x < x1; ++x) {
            __global uint *pixel = counts + ((ulong)y * width + x);
            uint count = made ? pixel[0] : 0u;
            if (made && count != made) continue;
            const float re0 = left + (float)x * step_x;
            float re = made ? as_float(pixel[pixels]) : 0.0f;
            float im = made ? as_float(pixel[pixels * 2u]) : 0.0f;
            float re2 = re * re, im2 = im * im;
            while (count < until && re2 + im2 <= 4.0f) {
                const float product = re * im;
                im = (product + product) + im0;
                re = (re2 - im2) + re0;
                re2 = re * re;
                im2 = im * im;
                ++count;
            }
            pixel[0] = count;
            pixel[pixels] = as_uint(re);
            pixel[pixels * 2u] = as_uint(im);
        }
    }
    return until < most ? vyre_yield(until, task->data) : vyre_done();
}
