package io.jobqueue.history;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Everything that Redis stores for a queue, at one instant.
 *
 * @param places the ids in {@code pending}, {@code delayed}, {@code processing}, {@code completed} and
 *     {@code failed}
 * @param totals the queue's totals by name
 * @param orphans the keys of jobs that are in no list
 * @param outputs the outputs of units, by {@code run/unit}
 * @param failures the reasons why units failed, by {@code run/unit}
 * @param keys unique keys that no job may hold as it does, with the reason. Not for a queue whose jobs a client ends
 *     that does not know keys
 */
public record Snapshot(
        Map<String, List<Held>> places,
        Map<String, Long> totals,
        List<String> orphans,
        Map<String, String> outputs,
        Map<String, String> failures,
        List<String> keys) {

    private static final List<String> PLACES = List.of("pending", "delayed", "processing", "completed", "failed");
    private static final List<String> TOTALS = List.of(
            "enqueued", "completed", "failed", "retried", "released", "reclaimed", "lost", "purged", "cancelled");

    private static final String SCRIPT =
            """
            local root = ARGV[1]
            local call, reply, seen = redis.call, {}, {}
            for _, place in ipairs({ 'pending', 'delayed', 'processing', 'completed', 'failed' }) do
              local ids = call(place == 'delayed' and 'ZRANGE' or 'LRANGE', root .. place, 0, -1)
              local held = {}
              for _, id in ipairs(ids) do
                local key = root .. 'job:' .. id
                seen[key] = true
                held[#held + 1] = id
                held[#held + 1] = call('HGET', key, 'status') or ''
                held[#held + 1] = call('HSTRLEN', key, 'payload')
              end
              reply[#reply + 1] = held
            end
            local totals = {}
            for i = 2, #ARGV do
              totals[#totals + 1] = call('HGET', root .. 'meta', ARGV[i] .. '_total') or '0'
            end
            reply[#reply + 1] = totals
            local orphans = {}
            for _, key in ipairs(call('KEYS', root .. 'job:*')) do
              if not seen[key] then
                orphans[#orphans + 1] = key
              end
            end
            reply[#reply + 1] = orphans
            for _, hash in ipairs({ 'outputs:', 'failures:' }) do
              local all = {}
              for _, key in ipairs(call('KEYS', root .. hash .. '*')) do
                local fields = call('HGETALL', key)
                for i = 1, #fields, 2 do
                  all[#all + 1] = string.sub(key, #root + #hash + 1) .. '/' .. fields[i]
                  all[#all + 1] = fields[i + 1]
                end
              end
              reply[#reply + 1] = all
            end
            -- whether the job must hold the key, and whether it may: the first claim of a job does not free its key at once
            local function holds(id, key)
              local f = call('HMGET', root .. 'job:' .. id, 'status', 'unique')
              local waits = f[1] == 'pending' or f[1] == 'scheduled'
              local lives = waits or f[1] == 'processing'
              return f[2] == 'waiting:' .. key and waits or f[2] == 'done:' .. key and lives,
                lives and (f[2] == 'waiting:' .. key or f[2] == 'done:' .. key)
            end
            local keys = {}
            for _, name in ipairs(call('KEYS', root .. 'unique:*')) do
              local key, id = string.sub(name, #root + 8), call('GET', name)
              local _, may = holds(id, key)
              if call('PTTL', name) == -1 and not may then
                keys[#keys + 1] = 'key ' .. key .. ' is held by job ' .. id .. ', which does not need it'
              end
            end
            for key in pairs(seen) do
              local id, unique = string.sub(key, #root + 5), call('HGET', key, 'unique')
              local held = unique and string.match(unique, '^%a+:(.+)$')
              if held and (holds(id, held)) and call('GET', root .. 'unique:' .. held) ~= id then
                keys[#keys + 1] = 'key ' .. held .. ' is not held by job ' .. id .. ', which lives by it'
              end
            end
            reply[#reply + 1] = keys
            return reply
            """;

    /** That of a queue without jobs. */
    static final Snapshot EMPTY = new Snapshot(
            PLACES.stream().collect(Collectors.toMap(place -> place, place -> List.of())),
            Map.of(),
            List.of(),
            Map.of(),
            Map.of(),
            List.of());

    /**
     * A job in a place.
     *
     * @param status what its hash says, empty when there is none
     * @param payload whether it has one
     */
    public record Held(String id, String status, boolean payload) {}

    /** Takes one. */
    @SuppressWarnings("unchecked") // that is how the script answers
    public static Snapshot of(RedisCommands<String, String> redis, String queue) {
        List<String> args = new ArrayList<>(TOTALS);
        args.add(0, "queue:" + queue + ":");
        List<List<Object>> reply =
                redis.eval(SCRIPT, ScriptOutputType.MULTI, new String[0], args.toArray(String[]::new));
        Map<String, List<Held>> places = new LinkedHashMap<>();
        for (int at = 0; at < PLACES.size(); at++) {
            List<Object> fields = reply.get(at);
            List<Held> held = new ArrayList<>(fields.size() / 3);
            for (int i = 0; i < fields.size(); i += 3) {
                held.add(new Held((String) fields.get(i), (String) fields.get(i + 1), (Long) fields.get(i + 2) > 0));
            }
            places.put(PLACES.get(at), held);
        }
        Map<String, Long> totals = new HashMap<>();
        for (int i = 0; i < TOTALS.size(); i++) {
            totals.put(TOTALS.get(i), Long.parseLong((String)
                    reply.get(PLACES.size()).get(i)));
        }
        List<?> orphans = reply.get(PLACES.size() + 1);
        return new Snapshot(
                places,
                totals,
                (List<String>) orphans,
                pairs(reply.get(PLACES.size() + 2)),
                pairs(reply.get(PLACES.size() + 3)),
                (List<String>) (List<?>) reply.get(PLACES.size() + 4));
    }

    private static Map<String, String> pairs(List<Object> fields) {
        Map<String, String> pairs = new HashMap<>();
        for (int i = 0; i < fields.size(); i += 2) {
            pairs.put((String) fields.get(i), (String) fields.get(i + 1));
        }
        return pairs;
    }

    int size(String place) {
        return places.get(place).size();
    }

    long total(String name) {
        return totals.get(name);
    }

    /** How many jobs wait or run. */
    public int alive() {
        return size("pending") + size("delayed") + size("processing");
    }
}
