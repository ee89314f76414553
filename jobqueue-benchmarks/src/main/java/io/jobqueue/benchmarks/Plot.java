package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Curves of growth as a picture: a panel each, sizes to the right and ratios upwards, both logarithmic, with the line up to
 * which a curve is flat. Its colours are for light and dark pages.
 */
record Plot(List<Growth> curves) {

    private static final int COLUMNS = 2;
    private static final int WIDTH = 420; // of a panel, its margins included
    private static final int HEIGHT = 250;
    private static final int LEFT = 44;
    private static final int RIGHT = 20;
    private static final int TOP = 34;
    private static final int BOTTOM = 30;
    private static final int LEGEND = 28;
    private static final double[] TICKS = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    private static final String STYLE =
            """
            text { font: 12px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600; fill: #1f2328 }
            .grid { stroke: #d1d9e0; stroke-width: 1 } .flat { stroke: #cf222e; stroke-dasharray: 5 4 } .flat-text { fill: #cf222e }
            .redis { stroke: #0969da; fill: #0969da } .time { stroke: #9a6700; fill: #9a6700 }
            polyline { fill: none !important; stroke-width: 2 } .time polyline { stroke-dasharray: 2 3 }
            @media (prefers-color-scheme: dark) {
              text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d } .flat { stroke: #f85149 } .flat-text { fill: #f85149 }
              .redis { stroke: #4493f8; fill: #4493f8 } .time { stroke: #d29922; fill: #d29922 }
            }
            """;

    /** The picture as an SVG document. */
    String svg() {
        int rows = (curves.size() + COLUMNS - 1) / COLUMNS;
        int width = COLUMNS * WIDTH;
        int height = LEGEND + rows * HEIGHT;
        StringBuilder svg = new StringBuilder();
        line(svg, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img'>", width, height);
        line(svg, "<title>Cost of a job by what grows around it, compared with the smallest size</title>");
        line(svg, "<style>%n%s</style>", STYLE);
        line(svg, "<g class='redis'><circle cx='%d' cy='14' r='4'/></g>", LEFT);
        line(svg, "<text x='%d' y='18'>CPU time of Redis for a job</text>", LEFT + 10);
        line(svg, "<g class='time'><circle cx='%d' cy='14' r='4'/></g>", LEFT + 200);
        line(svg, "<text x='%d' y='18'>time by the clock for a job</text>", LEFT + 210);
        line(svg, "<text x='%d' y='18'>1 = smallest size; median and range</text>", LEFT + 400);
        for (int i = 0; i < curves.size(); i++) {
            line(svg, "<g transform='translate(%d %d)'>", i % COLUMNS * WIDTH, LEGEND + i / COLUMNS * HEIGHT);
            panel(svg, curves.get(i));
            line(svg, "</g>");
        }
        line(svg, "</svg>");
        return svg.toString();
    }

    private static void panel(StringBuilder svg, Growth growth) {
        List<Growth.Step> steps = growth.steps();
        boolean timed = steps.get(0).late() == null; // else the rate is given
        List<Samples> shown = new ArrayList<>();
        steps.forEach(step -> shown.add(step.redisRatio()));
        if (timed) {
            steps.forEach(step -> shown.add(step.timeRatio()));
        }
        Samples all = Samples.all(shown);
        Axis x = new Axis(
                steps.get(0).size(),
                Math.max(steps.get(0).size() * 2.0, steps.get(steps.size() - 1).size()),
                LEFT,
                WIDTH - RIGHT);
        Axis y = new Axis(tickBelow(Math.min(0.5, all.min())), tickAbove(Math.max(2, all.max())), HEIGHT - BOTTOM, TOP);

        line(
                svg,
                "<text class='title' x='%d' y='22'>%s</text>",
                LEFT,
                growth.curve().grows());
        for (double tick : TICKS) {
            if (tick >= y.from && tick <= y.to) {
                line(
                        svg,
                        "<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%3$.1f'/>",
                        LEFT,
                        WIDTH - RIGHT,
                        y.at(tick));
                line(svg, "<text x='%d' y='%.1f' text-anchor='end'>%s</text>", LEFT - 6, y.at(tick) + 4, number(tick));
            }
        }
        for (Growth.Step step : steps) {
            line(
                    svg,
                    "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
                    x.at(step.size()),
                    HEIGHT - BOTTOM + 18,
                    number(step.size()));
        }
        double flat = y.at(Curve.FLAT);
        line(svg, "<line class='flat' x1='%d' x2='%d' y1='%.1f' y2='%3$.1f'/>", LEFT, WIDTH - RIGHT, flat);
        line(svg, "<text class='flat-text' x='%d' y='%.1f'>%s</text>", WIDTH - RIGHT + 1, flat - 2, number(Curve.FLAT));
        if (timed) {
            series(svg, "time", steps, Growth.Step::timeRatio, x, y);
        }
        series(svg, "redis", steps, Growth.Step::redisRatio, x, y);
    }

    private static void series(
            StringBuilder svg,
            String name,
            List<Growth.Step> steps,
            Function<Growth.Step, Samples> of,
            Axis x,
            Axis y) {
        StringBuilder points = new StringBuilder();
        line(svg, "<g class='%s'>", name);
        for (Growth.Step step : steps) {
            Samples ratio = of.apply(step);
            double at = x.at(step.size());
            points.append(format("%.1f,%.1f ", at, y.at(ratio.median())));
            line(svg, "<line x1='%.1f' x2='%1$.1f' y1='%.1f' y2='%.1f'/>", at, y.at(ratio.min()), y.at(ratio.max()));
            line(svg, "<circle cx='%.1f' cy='%.1f' r='3.5'/>", at, y.at(ratio.median()));
        }
        line(svg, "<polyline points='%s'/>", points.toString().strip());
        line(svg, "</g>");
    }

    /** A logarithmic axis: values from one end to the other, and where they stand. */
    private record Axis(double from, double to, double begin, double end) {

        double at(double value) {
            return begin + (end - begin) * Math.log(value / from) / Math.log(to / from);
        }
    }

    private static double tickBelow(double value) {
        double below = TICKS[0];
        for (double tick : TICKS) {
            below = tick <= value ? tick : below;
        }
        return below;
    }

    private static double tickAbove(double value) {
        for (double tick : TICKS) {
            if (tick >= value) {
                return tick;
            }
        }
        return TICKS[TICKS.length - 1];
    }

    private static String number(double value) {
        if (value >= 1_000_000) {
            return format("%.0fM", value / 1_000_000);
        }
        return value >= 1000
                ? format("%.0fk", value / 1000)
                : format("%s", value).replaceFirst("\\.0$", "");
    }

    private static void line(StringBuilder svg, String pattern, Object... values) {
        svg.append(format(pattern, values)).append('\n');
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
