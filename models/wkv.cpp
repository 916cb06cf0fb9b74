#include "models/wkv.hpp"

#include "models/vector_math.hpp"

#include <algorithm>

namespace spikeloom::models {

namespace {

/// e^(a - m) and e^(b - m) for m = max(a, b): one of them is 1, so a single exponential does.
struct Weights {
    float a;
    float b;
    float most;
};

inline Weights weights(float a, float b) {
    const bool first = a >= b;
    const float most = first ? a : b;
    const float least = first ? b : a;
    const float smaller = exponential(least - most);
    return {first ? 1.0F : smaller, first ? smaller : 1.0F, most};
}

}  // namespace

void wkv_forward(const TimeBlock& block, const float* w, const float* u, const float* key,
                 const float* value, const float* gate, WkvState state, float* gated) {
    float* p = state.numerator;
    float* q = state.denominator;
    float* o = state.exponent;
    for (std::size_t t = 0; t < block.tokens; ++t) {
        const float* k = key + t * block.stride;
        const float* v = value + t * block.stride;
        const float* r = gate + t * block.stride;
        float* out = gated + t * block.stride;
#pragma omp simd
        for (std::size_t c = 0; c < block.channels; ++c) {
            const Weights now = weights(o[c], u[c] + k[c]);
            out[c] = r[c] * ((now.a * p[c] + now.b * v[c]) / (now.a * q[c] + now.b));
            const Weights next = weights(w[c] + o[c], k[c]);
            p[c] = next.a * p[c] + next.b * v[c];
            q[c] = next.a * q[c] + next.b;
            o[c] = next.most;
        }
    }
}

namespace {

/// Forwards in time: y again, everything that depends on the past alone, and what the way back
/// needs. dp/dw and dq/dw are carried beside p and q.
void sweep_forward(const TimeBlock& block, const float* w, const float* u, const float* key,
                   const float* value, const float* gate, const float* dgated, float* gated,
                   const WkvScratch& scratch, const WkvGradients& gradients) {
    float* p = scratch.carry;
    float* q = p + block.channels;
    float* o = q + block.channels;
    float* dp = o + block.channels;
    float* dq = dp + block.channels;
    std::fill(p, p + 5 * block.channels, 0.0F);
    std::fill(o, o + block.channels, kEmptyWkvExponent);
    float* gw = gradients.w;
    float* gu = gradients.u;
    for (std::size_t t = 0; t < block.tokens; ++t) {
        const std::size_t row = t * block.stride;
        const float* k = key + row;
        const float* v = value + row;
        const float* r = gate + row;
        const float* dout = dgated + row;
        float* out = gated + row;
        float* dnum = scratch.dnum + row;
        float* dden = scratch.dden + row;
        float* scale = scratch.exponent + row;
        float* dk = gradients.key + row;
        float* dv = gradients.value + row;
        float* dr = gradients.gate_input + row;
#pragma omp simd
        for (std::size_t c = 0; c < block.channels; ++c) {
            const Weights now = weights(o[c], u[c] + k[c]);
            const float inverse = 1.0F / (now.a * q[c] + now.b);
            const float y = (now.a * p[c] + now.b * v[c]) * inverse;
            const float dgate = dout[c];  // dr may be the same memory as dout
            out[c] = r[c] * y;
            dr[c] = dgate * y * r[c] * (1.0F - r[c]);
            const float dn = dgate * r[c] * inverse;
            dnum[c] = dn;
            dden[c] = -dn * y;
            scale[c] = now.most;
            const float direct = now.b * dn;
            dv[c] = direct;
            dk[c] = direct * (v[c] - y);
            gu[c] += direct * (v[c] - y);
            gw[c] += now.a * dn * (dp[c] - y * dq[c]);
            const Weights next = weights(w[c] + o[c], k[c]);
            dp[c] = next.a * (dp[c] + p[c]);
            dq[c] = next.a * (dq[c] + q[c]);
            p[c] = next.a * p[c] + next.b * v[c];
            q[c] = next.a * q[c] + next.b;
            o[c] = next.most;
        }
    }
}

/// Backwards in time: dL/dP and dL/dQ, as gp e^x and gq e^x, reach the keys and values of the past.
void sweep_backward(const TimeBlock& block, const float* w, const float* key, const float* value,
                    const WkvScratch& scratch, const WkvGradients& gradients) {
    float* gp = scratch.carry;
    float* gq = gp + block.channels;
    float* x = gq + block.channels;
    std::fill(gp, gp + 2 * block.channels, 0.0F);
    std::fill(x, x + block.channels, kEmptyWkvExponent);
    for (std::size_t t = block.tokens; t-- > 0;) {
        const std::size_t row = t * block.stride;
        const float* k = key + row;
        const float* v = value + row;
        const float* dnum = scratch.dnum + row;
        const float* dden = scratch.dden + row;
        const float* scale = scratch.exponent + row;
        float* dk = gradients.key + row;
        float* dv = gradients.value + row;
#pragma omp simd
        for (std::size_t c = 0; c < block.channels; ++c) {
            const float reach = exponential(k[c] + x[c]);
            dv[c] += reach * gp[c];
            dk[c] += reach * (v[c] * gp[c] + gq[c]);
            const Weights next = weights(w[c] + x[c], -scale[c]);
            gp[c] = next.a * gp[c] + next.b * dnum[c];
            gq[c] = next.a * gq[c] + next.b * dden[c];
            x[c] = next.most;
        }
    }
}

}  // namespace

void wkv_backward(const TimeBlock& block, const float* w, const float* u, const float* key,
                  const float* value, const float* gate, const float* dgated, float* gated,
                  const WkvScratch& scratch, const WkvGradients& gradients) {
    sweep_forward(block, w, u, key, value, gate, dgated, gated, scratch, gradients);
    sweep_backward(block, w, key, value, scratch, gradients);
}

}  // namespace spikeloom::models
