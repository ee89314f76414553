package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class PlotTests {

    private static Growth growth(Curve curve, double... ratios) {
        List<Growth.Step> steps = new ArrayList<>();
        for (int i = 0; i < ratios.length; i++) {
            Samples ratio = Samples.of(ratios[i] * 0.9, ratios[i], ratios[i] * 1.1);
            steps.add(new Growth.Step(curve.sizes().get(i), ratio, ratio, ratio, ratio, null, new SlowLog(List.of())));
        }
        return new Growth(curve, steps);
    }

    private static Document parse(Growth... curves) throws Exception {
        String svg = new Plot(List.of(curves)).svg();
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    @Test
    void aCurveIsAPanelWithItsTitleItsSizesAndTheLineUpToWhichItIsFlat() throws Exception {
        Document svg = parse(growth(Curve.ALL.get(0), 1, 1.1, 1.3, 7));

        assertThat(svg.getDocumentElement().getTextContent())
                .contains("jobs that wait", "1k", "10k", "100k", "1M", "1.2");
        assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(2);
    }

    @Test
    void aDearerSizeStandsHigherAndALargerOneFurtherToTheRight() throws Exception {
        NodeList lines = parse(growth(Curve.ALL.get(1), 1, 1.5, 40)).getElementsByTagName("polyline");

        String[] points = lines.item(1)
                .getAttributes()
                .getNamedItem("points")
                .getNodeValue()
                .split("[ ,]");
        assertThat(Double.parseDouble(points[2])).isGreaterThan(Double.parseDouble(points[0]));
        assertThat(Double.parseDouble(points[3])).isLessThan(Double.parseDouble(points[1]));
        assertThat(Double.parseDouble(points[5])).isBetween(0.0, Double.parseDouble(points[3]));
    }

    @Test
    void aCurveOfOneSizeIsAPointThatStandsInside() throws Exception {
        Document svg = parse(growth(Curve.ALL.get(0), 1), growth(Curve.ALL.get(1), 1, 1));

        assertThat(svg.getDocumentElement().getTextContent()).doesNotContain("NaN");
        assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(4);
    }
}
