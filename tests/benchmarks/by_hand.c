/* The workloads 1 to 4, and 6, as one would write them by hand in C: forward, the derivatives of each line in reverse, update. */
#include <math.h>
#include <string.h>

enum { POINTS = 100, WIDTH = 16, LENGTH = 25, LETTERS = 12, UNITS = 16, ROUNDS = 10000 };

/* 1: found = L, dL/da */
void chain(double x, double y, double a, double b, double c, double *found) {
    static double xs[ROUNDS + 1], ys[ROUNDS], ts[ROUNDS], vs[ROUNDS];
    double L = 0;
    for (int k = 0; k < ROUNDS; k++) {
        double t = tanh(x * a + b), v = t * x + y;
        xs[k] = x, ys[k] = y, ts[k] = t, vs[k] = v;
        y = x;
        x = tanh(v * a * t + c);
        L += x;
    }
    xs[ROUNDS] = x;
    double dx = 0, dy = 0, da = 0;
    for (int k = ROUNDS - 1; k >= 0; k--) {
        double t = ts[k], v = vs[k], r = v * a, dm = (dx + 1) * (1 - xs[k + 1] * xs[k + 1]);
        double dr = dm * t, dv = dr * a, dt = dm * r + dv * xs[k], dq = dt * (1 - t * t);
        da += dr * v + dq * xs[k];
        double dx_before = dy + dv * t + dq * a;
        dy = dv;
        dx = dx_before;
    }
    found[0] = L, found[1] = da;
}

/* 2: p = W1[16][2] b1 W2[16][16] b2 w3[16] b3; x[2][100], label[100]; losses[20] */
void moons(double *p, const double *x, const double *label, double *losses) {
    enum { W1 = 0, B1 = 32, W2 = 48, B2 = 304, W3 = 320, B3 = 336, ALL = 337 };
    static double h1[WIDTH][POINTS], h2[WIDTH][POINTS], d1[WIDTH][POINTS], d2[WIDTH][POINTS], s[POINTS], ds[POINTS];
    for (int step = 0; step < 20; step++) {
        double g[ALL], loss = 0, decay = 0;
        for (int j = 0; j < WIDTH; j++)
            for (int n = 0; n < POINTS; n++) {
                double net = p[B1 + j] + p[W1 + 2 * j] * x[n] + p[W1 + 2 * j + 1] * x[POINTS + n];
                h1[j][n] = net > 0 ? net : 0;
            }
        for (int j = 0; j < WIDTH; j++) {
            for (int n = 0; n < POINTS; n++) h2[j][n] = p[B2 + j];
            for (int i = 0; i < WIDTH; i++)
                for (int n = 0; n < POINTS; n++) h2[j][n] += p[W2 + WIDTH * j + i] * h1[i][n];
            for (int n = 0; n < POINTS; n++) h2[j][n] = h2[j][n] > 0 ? h2[j][n] : 0;
        }
        for (int n = 0; n < POINTS; n++) s[n] = p[B3];
        for (int j = 0; j < WIDTH; j++)
            for (int n = 0; n < POINTS; n++) s[n] += p[W3 + j] * h2[j][n];
        for (int n = 0; n < POINTS; n++) {
            double margin = 1 - label[n] * s[n];
            loss += margin > 0 ? margin : 0;
            ds[n] = margin > 0 ? -label[n] / POINTS : 0;
        }
        for (int k = 0; k < ALL; k++) {
            decay += p[k] * p[k];
            g[k] = 2e-4 * p[k];
        }
        losses[step] = loss / POINTS + 1e-4 * decay;
        for (int n = 0; n < POINTS; n++) g[B3] += ds[n];
        memset(d1, 0, sizeof d1);
        for (int j = 0; j < WIDTH; j++) {
            double gw = 0, gb = 0;
            for (int n = 0; n < POINTS; n++) {
                gw += ds[n] * h2[j][n];
                d2[j][n] = h2[j][n] > 0 ? ds[n] * p[W3 + j] : 0;
                gb += d2[j][n];
            }
            g[W3 + j] += gw, g[B2 + j] += gb;
            for (int i = 0; i < WIDTH; i++) {
                double gi = 0;
                for (int n = 0; n < POINTS; n++) {
                    gi += d2[j][n] * h1[i][n];
                    d1[i][n] += d2[j][n] * p[W2 + WIDTH * j + i];
                }
                g[W2 + WIDTH * j + i] += gi;
            }
        }
        for (int i = 0; i < WIDTH; i++) {
            double g0 = 0, g1 = 0, gb = 0;
            for (int n = 0; n < POINTS; n++) {
                double d = h1[i][n] > 0 ? d1[i][n] : 0;
                g0 += d * x[n], g1 += d * x[POINTS + n], gb += d;
            }
            g[W1 + 2 * i] += g0, g[W1 + 2 * i + 1] += g1, g[B1 + i] += gb;
        }
        double lr = 1 - 0.9 * step / 100;
        for (int k = 0; k < ALL; k++) p[k] -= lr * g[k];
    }
}

/* 3: w = w1..w8; found = the loss before the first and before the last update */
void mazur(double *w, double *found) {
    const double i1 = 0.05, i2 = 0.10, b1 = 0.35, b2 = 0.60, t1 = 0.01, t2 = 0.99, lr = 0.5;
    for (int k = 0; k < 10000; k++) {
        double h1 = 1 / (1 + exp(-(w[0] * i1 + w[1] * i2 + b1))), h2 = 1 / (1 + exp(-(w[2] * i1 + w[3] * i2 + b1)));
        double o1 = 1 / (1 + exp(-(w[4] * h1 + w[5] * h2 + b2))), o2 = 1 / (1 + exp(-(w[6] * h1 + w[7] * h2 + b2)));
        double loss = 0.5 * (o1 - t1) * (o1 - t1) + 0.5 * (o2 - t2) * (o2 - t2);
        if (k == 0) found[0] = loss;
        found[1] = loss;
        double d1 = (o1 - t1) * o1 * (1 - o1), d2 = (o2 - t2) * o2 * (1 - o2);
        double e1 = (d1 * w[4] + d2 * w[6]) * h1 * (1 - h1), e2 = (d1 * w[5] + d2 * w[7]) * h2 * (1 - h2);
        w[4] -= lr * d1 * h1, w[5] -= lr * d1 * h2, w[6] -= lr * d2 * h1, w[7] -= lr * d2 * h2;
        w[0] -= lr * e1 * i1, w[1] -= lr * e1 * i2, w[2] -= lr * e2 * i1, w[3] -= lr * e2 * i2;
    }
}

/* 4: p = for each gate Wx[16][12] Wh[16][16] b[16], then Wy[12][16] by[12]; a one-hot input picks a column of Wx */
static double clipped(double g) { return g > 5 ? 5 : g < -5 ? -5 : g; }

/* y, the loss and dL/dy (in place of y), dL/dWy, dL/dby and dL/dh of a time step */
static double readout(const double *Wy, const double *by, const double *h, int target, double *dy) {
    double total = 0, y[LETTERS];
    for (int k = 0; k < LETTERS; k++) {
        y[k] = by[k];
        for (int j = 0; j < UNITS; j++) y[k] += Wy[UNITS * k + j] * h[j];
        total += dy[k] = exp(y[k]);
    }
    for (int k = 0; k < LETTERS; k++) dy[k] = dy[k] / total - (k == target);
    return log(total) - y[target];
}

static void readout_back(const double *Wy, const double *h, const double *dy, double *gWy, double *gby, double *dh) {
    for (int k = 0; k < LETTERS; k++) {
        gby[k] += dy[k];
        for (int j = 0; j < UNITS; j++) {
            gWy[UNITS * k + j] += dy[k] * h[j];
            dh[j] += dy[k] * Wy[UNITS * k + j];
        }
    }
}

/* the part of a gate, net = Wx x + Wh h + b, and its reverse: h before, dnet -> g, dh of the step before */
enum { GATE = UNITS * (LETTERS + UNITS + 1) };

static void gate(const double *p, int letter, const double *h, double *net) {
    const double *Wh = p + UNITS * LETTERS, *b = Wh + UNITS * UNITS;
    for (int j = 0; j < UNITS; j++) {
        double total = b[j] + p[LETTERS * j + letter];
        for (int i = 0; i < UNITS; i++) total += Wh[UNITS * j + i] * h[i];
        net[j] = total;
    }
}

static void gate_back(const double *p, int letter, const double *h, const double *dnet, double *g, double *dh) {
    const double *Wh = p + UNITS * LETTERS;
    double *gWh = g + UNITS * LETTERS, *gb = gWh + UNITS * UNITS;
    for (int j = 0; j < UNITS; j++) {
        g[LETTERS * j + letter] += dnet[j];
        gb[j] += dnet[j];
        for (int i = 0; i < UNITS; i++) {
            gWh[UNITS * j + i] += dnet[j] * h[i];
            dh[i] += dnet[j] * Wh[UNITS * j + i];
        }
    }
}

void rnn(double *p, const int *letters, double *losses) {
    enum { ALL = GATE + LETTERS * (UNITS + 1) };
    double *Wy = p + GATE, *by = Wy + LETTERS * UNITS;
    for (int step = 0; step < 10; step++) {
        double h[LENGTH + 1][UNITS] = {{0}}, dy[LENGTH][LETTERS], g[ALL] = {0}, dh[UNITS] = {0}, loss = 0;
        for (int t = 0; t < LENGTH; t++) {
            double net[UNITS];
            gate(p, letters[t], h[t], net);
            for (int j = 0; j < UNITS; j++) h[t + 1][j] = tanh(net[j]);
            loss += readout(Wy, by, h[t + 1], letters[t + 1], dy[t]);
        }
        losses[step] = loss;
        for (int t = LENGTH - 1; t >= 0; t--) {
            double dnet[UNITS];
            readout_back(Wy, h[t + 1], dy[t], g + GATE, g + GATE + LETTERS * UNITS, dh);
            for (int j = 0; j < UNITS; j++) dnet[j] = dh[j] * (1 - h[t + 1][j] * h[t + 1][j]);
            memset(dh, 0, sizeof dh);
            gate_back(p, letters[t], h[t], dnet, g, dh);
        }
        for (int k = 0; k < ALL; k++) p[k] -= 0.01 * clipped(g[k]);
    }
}

void lstm(double *p, const int *letters, double *losses) {
    enum { ALL = 4 * GATE + LETTERS * (UNITS + 1) };
    double *Wy = p + 4 * GATE, *by = Wy + LETTERS * UNITS;
    for (int step = 0; step < 10; step++) {
        double h[LENGTH + 1][UNITS] = {{0}}, c[LENGTH + 1][UNITS] = {{0}}, a[LENGTH][4][UNITS], tc[LENGTH][UNITS];
        double dy[LENGTH][LETTERS], g[ALL] = {0}, dh[UNITS] = {0}, dc[UNITS] = {0}, loss = 0;
        for (int t = 0; t < LENGTH; t++) {
            for (int k = 0; k < 4; k++) {
                gate(p + k * GATE, letters[t], h[t], a[t][k]);
                for (int j = 0; j < UNITS; j++) a[t][k][j] = k == 2 ? tanh(a[t][k][j]) : 1 / (1 + exp(-a[t][k][j]));
            }
            for (int j = 0; j < UNITS; j++) {
                c[t + 1][j] = a[t][1][j] * c[t][j] + a[t][0][j] * a[t][2][j];
                tc[t][j] = tanh(c[t + 1][j]);
                h[t + 1][j] = a[t][3][j] * tc[t][j];
            }
            loss += readout(Wy, by, h[t + 1], letters[t + 1], dy[t]);
        }
        losses[step] = loss;
        for (int t = LENGTH - 1; t >= 0; t--) {
            double d[4][UNITS];
            readout_back(Wy, h[t + 1], dy[t], g + 4 * GATE, g + 4 * GATE + LETTERS * UNITS, dh);
            for (int j = 0; j < UNITS; j++) {
                double i = a[t][0][j], f = a[t][1][j], n = a[t][2][j], o = a[t][3][j];
                dc[j] += dh[j] * o * (1 - tc[t][j] * tc[t][j]);
                d[3][j] = dh[j] * tc[t][j] * o * (1 - o);
                d[0][j] = dc[j] * n * i * (1 - i);
                d[1][j] = dc[j] * c[t][j] * f * (1 - f);
                d[2][j] = dc[j] * i * (1 - n * n);
                dc[j] *= f;
            }
            memset(dh, 0, sizeof dh);
            for (int k = 0; k < 4; k++) gate_back(p + k * GATE, letters[t], h[t], d[k], g + k * GATE, dh);
        }
        for (int k = 0; k < ALL; k++) p[k] -= 0.01 * clipped(g[k]);
    }
}

/* 6: p = wte[27][16] wpe[16][16] lm[27][16] q k v o[16][16] up[64][16] down[16][64]; tokens[9]; g as p; returns the loss */
enum { TOKENS = 27, STEPS = 8, D = 16, HEADS = 4, HEAD = D / HEADS, HIDDEN = 4 * D };
enum { WTE = 0, WPE = WTE + TOKENS * D, LM = WPE + 16 * D, Q = LM + TOKENS * D, K = Q + D * D, V = K + D * D, O = V + D * D };
enum { UP = O + D * D, DOWN = UP + HIDDEN * D, GPT = DOWN + D * HIDDEN };

/* y = W x; and back, dx += W' dy and dW += dy x' */
static inline void product(double *y, const double *W, const double *x, int rows, int columns) {
    for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int j = 0; j < columns; j++) sum += W[columns * i + j] * x[j];
        y[i] = sum;
    }
}
static inline void back(double *dx, double *dW, const double *dy, const double *W, const double *x, int rows, int columns) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            dx[j] += W[columns * i + j] * dy[i];
            dW[columns * i + j] += dy[i] * x[j];
        }
}
static inline double normed(double *y, const double *x) {
    double squares = 0;
    for (int j = 0; j < D; j++) squares += x[j] * x[j];
    double scale = 1 / sqrt(squares / D + 1e-5);
    for (int j = 0; j < D; j++) y[j] = x[j] * scale;
    return scale;
}
static inline void normed_back(double *dx, const double *dy, const double *x, double scale) {
    double dot = 0;
    for (int j = 0; j < D; j++) dot += dy[j] * x[j];
    for (int j = 0; j < D; j++) dx[j] += scale * (dy[j] - x[j] * dot * scale * scale / D);
}

double gpt(const double *p, const int *tokens, double *g) {
    static double e[STEPS][D], x[STEPS][D], a[STEPS][D], q[STEPS][D], k[STEPS][D], v[STEPS][D], w[STEPS][HEADS][STEPS];
    static double h[STEPS][D], m[STEPS][D], f[STEPS][D], u[STEPS][HIDDEN], r[STEPS][D], y[STEPS][TOKENS];
    static double dq[D], dk[STEPS][D], dv[STEPS][D], da[D], dx[STEPS][D], dm[STEPS][D];
    double se[STEPS], sa[STEPS], sf[STEPS], loss = 0;
    for (int t = 0; t < STEPS; t++) {
        for (int j = 0; j < D; j++) e[t][j] = p[WTE + D * tokens[t] + j] + p[WPE + D * t + j];
        se[t] = normed(x[t], e[t]);
        sa[t] = normed(a[t], x[t]);
        product(q[t], p + Q, a[t], D, D);
        product(k[t], p + K, a[t], D, D);
        product(v[t], p + V, a[t], D, D);
        for (int j = 0; j < D; j++) h[t][j] = 0;
        for (int n = 0; n < HEADS; n++) {
            double total = 0;
            for (int s = 0; s <= t; s++) {
                double score = 0;
                for (int j = n * HEAD; j < (n + 1) * HEAD; j++) score += q[t][j] * k[s][j];
                total += w[t][n][s] = exp(score / 2);
            }
            for (int s = 0; s <= t; s++) {
                w[t][n][s] /= total;
                for (int j = n * HEAD; j < (n + 1) * HEAD; j++) h[t][j] += w[t][n][s] * v[s][j];
            }
        }
        product(m[t], p + O, h[t], D, D);
        for (int j = 0; j < D; j++) m[t][j] += x[t][j];
        sf[t] = normed(f[t], m[t]);
        product(u[t], p + UP, f[t], HIDDEN, D);
        for (int j = 0; j < HIDDEN; j++) u[t][j] = u[t][j] > 0 ? u[t][j] : 0;
        product(r[t], p + DOWN, u[t], D, HIDDEN);
        for (int j = 0; j < D; j++) r[t][j] += m[t][j];
        product(y[t], p + LM, r[t], TOKENS, D);
        double total = 0, right = y[t][tokens[t + 1]];
        for (int c = 0; c < TOKENS; c++) total += y[t][c] = exp(y[t][c]);
        for (int c = 0; c < TOKENS; c++) y[t][c] /= total * STEPS;
        y[t][tokens[t + 1]] -= 1.0 / STEPS;
        loss += (log(total) - right) / STEPS;
    }
    memset(g, 0, GPT * sizeof *g);
    memset(dk, 0, sizeof dk), memset(dv, 0, sizeof dv), memset(dx, 0, sizeof dx), memset(dm, 0, sizeof dm);
    for (int t = STEPS - 1; t >= 0; t--) {
        double dr[D] = {0}, du[HIDDEN] = {0}, df[D] = {0}, dh[D] = {0};
        back(dr, g + LM, y[t], p + LM, r[t], TOKENS, D);
        back(du, g + DOWN, dr, p + DOWN, u[t], D, HIDDEN);
        for (int j = 0; j < HIDDEN; j++) du[j] = u[t][j] > 0 ? du[j] : 0;
        back(df, g + UP, du, p + UP, f[t], HIDDEN, D);
        for (int j = 0; j < D; j++) dm[t][j] += dr[j];
        normed_back(dm[t], df, m[t], sf[t]);
        for (int j = 0; j < D; j++) dx[t][j] += dm[t][j];
        back(dh, g + O, dm[t], p + O, h[t], D, D);
        memset(dq, 0, sizeof dq), memset(da, 0, sizeof da);
        for (int n = 0; n < HEADS; n++) {
            double dw[STEPS], mean = 0;
            for (int s = 0; s <= t; s++) {
                dw[s] = 0;
                for (int j = n * HEAD; j < (n + 1) * HEAD; j++) {
                    dw[s] += dh[j] * v[s][j];
                    dv[s][j] += dh[j] * w[t][n][s];
                }
                mean += dw[s] * w[t][n][s];
            }
            for (int s = 0; s <= t; s++) {
                double score = w[t][n][s] * (dw[s] - mean) / 2;
                for (int j = n * HEAD; j < (n + 1) * HEAD; j++) {
                    dq[j] += score * k[s][j];
                    dk[s][j] += score * q[t][j];
                }
            }
        }
        back(da, g + Q, dq, p + Q, a[t], D, D);
        back(da, g + K, dk[t], p + K, a[t], D, D);
        back(da, g + V, dv[t], p + V, a[t], D, D);
        normed_back(dx[t], da, x[t], sa[t]);
        double de[D] = {0};
        normed_back(de, dx[t], e[t], se[t]);
        for (int j = 0; j < D; j++) {
            g[WTE + D * tokens[t] + j] += de[j];
            g[WPE + D * t + j] += de[j];
        }
    }
    return loss;
}
