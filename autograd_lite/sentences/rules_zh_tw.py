"""What the table of operations says of domains and conventions, in Chinese, traditional."""

RULES = {
    "x > 0, or x = 0 with y >= 0, or x < 0 with a whole number y": "x > 0，或 x = 0 且 y >= 0，或 x < 0 且 y 是整數",
    "y > 0, or x = 0": "y > 0，或 x = 0",
    "a finite x": "有限的 x",
    "finite operands": "有限的運算元",
    "operands at which its formula has a value": "使公式有值的運算元",
    "x**0 has slope 0, also at 0; by y, 0**y has slope 0, and for x < 0 it is nan": "x**0 的斜率是 0，在 0 也是；"
    "對 y，0**y 的斜率是 0，x < 0 時是 nan",
    "slopes 0 at x = y = 0": "在 x = y = 0 的斜率都是 0",
    "slope inf at 0": "在 0 的斜率是 inf",
    "slope inf at 1": "在 1 的斜率是 inf",
    "slope inf at -1 and 1": "在 -1 和 1 的斜率是 inf",
    "slope -inf at -1 and 1": "在 -1 和 1 的斜率是 -inf",
    "slope 0 at 0": "在 0 的斜率是 0",
    "slope 0 at 0 and 6": "在 0 和 6 的斜率是 0",
    "slope 0 at -1 and 1": "在 -1 和 1 的斜率是 0",
    "at 0, the slope of the left side": "在 0 取左側的斜率",
    "a half goes to the even one": "正好一半時取偶數",
    "a tie is halved": "相等時各分一半",
    "a tie is split evenly": "相等時平分",
    "slope 1 by x at a bound; high where low > high": "在界上對 x 的斜率是 1；low > high 時取 high",
}
