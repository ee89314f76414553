package io.jobqueue.benchmarks.peer.rqueue;

/** The job, as RQueue's JSON mapper wants it. */
public class NoOp {

    private int number;
    private String text;

    public NoOp() {}

    NoOp(int number, String text) {
        this.number = number;
        this.text = text;
    }

    public int getNumber() {
        return number;
    }

    public void setNumber(int number) {
        this.number = number;
    }

    public String getText() {
        return text;
    }

    public void setText(String text) {
        this.text = text;
    }
}
