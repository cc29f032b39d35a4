package org.elasticsearch.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.MockPluginsService;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.plugins.PluginsService;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.xpack.core.XPackPlugin;
import org.elasticsearch.xpack.security.RealSecurity;

/**
 * One node of Elasticsearch with security. Its directory is the only argument: settings are in config/elasticsearch.yml,
 * secure settings in config/elasticsearch.keystore. It obeys standard input, line by line, and answers with one line each:
 * "keystore NAME VALUE" puts a secure setting into the keystore file, "keystore NAME" removes it, "forget NAME NAME…" removes
 * several, "start" starts the node, "settings" writes the persistent settings of the cluster to settings.json, also those that no
 * answer shows, "stop" ends the process. At the end of the input, and when it is told to terminate, it removes its directory and ends.
 */
public class RealNode extends Node {
    private RealNode(Environment env) {
        super(NodeConstruction.prepareConstruction(env, null, new NodeServiceProvider() {
            @Override
            PluginsService newPluginService(Environment e, PluginsLoader loader) {
                return new MockPluginsService(e.settings(), e, List.of(Netty4Plugin.class, XPackPlugin.class, RealSecurity.class, RealExtras.class)) {
                    @Override
                    public <T> List<? extends T> loadServiceProviders(Class<T> service) {
                        // 9.x makes these with the class of the plugin itself, of which ours is a subclass.
                        return List.of("ActionLoggingFieldsProvider", "ReservedStateHandlerProvider").contains(service.getSimpleName())
                            ? List.of()
                            : super.loadServiceProviders(service);
                    }
                };
            }
        }, true));
    }

    private static volatile boolean keep; // the directory, for the next start

    public static void main(String[] args) throws Exception {
        LogConfigurator.configureESLogging(); // before anything logs
        Path home = Path.of(args[0]);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (keep == false) {
                remove(home);
            }
        }));
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            String[] words = line.split(" ", 3);
            switch (words[0]) {
                case "keystore" -> answer(() -> editKeystore(home.resolve("config"), words[1], words.length == 3 ? words[2] : null));
                case "forget" -> {
                    String[] names = line.split(" ");
                    answer(() -> forget(home.resolve("config"), Arrays.copyOfRange(names, 1, names.length)));
                }
                case "settings" -> answer(() -> writeSettings(home));
                // beside the input, whose end has to be seen while the node starts
                case "start" -> new Thread(() -> answer(() -> start(home))).start();
                case "stop" -> {
                    keep = true;
                    System.exit(0);
                }
                default -> System.out.println("FAILED unknown command");
            }
        }
        System.exit(0);
    }

    interface Command {
        void run() throws Exception;
    }

    private static void answer(Command command) {
        try {
            command.run();
            System.out.println("OK");
        } catch (Throwable e) {
            e.printStackTrace();
            System.out.println("FAILED " + e.toString().replace('\n', ' '));
        }
    }

    private static void start(Path home) throws Exception {
        Path config = home.resolve("config");
        var keystore = openKeystore(config);
        var settings = Settings.builder().loadFromPath(config.resolve("elasticsearch.yml")).put("path.home", home.toString());
        settings.setSecureSettings(keystore);
        var node = new RealNode(new Environment(settings.build(), config));
        node.start();
        started = node;
    }

    private static volatile Node started;

    private static void writeSettings(Path home) throws Exception {
        var state = started.injector().getInstance(ClusterService.class).state();
        Files.writeString(home.resolve("settings.json"), state.metadata().persistentSettings().toString());
    }

    private static KeyStoreWrapper openKeystore(Path config) throws Exception {
        KeyStoreWrapper keystore = KeyStoreWrapper.load(config);
        if (keystore == null) {
            return KeyStoreWrapper.create();
        }
        keystore.decrypt(new char[0]);
        return keystore;
    }

    private static KeyStoreWrapper edited; // nobody else writes the file, and to decrypt it takes half a second of a core

    private static void editKeystore(Path config, String name, String value) throws Exception {
        if (edited == null) {
            edited = openKeystore(config);
        }
        if (value != null) {
            edited.setString(name, value.toCharArray());
        } else {
            edited.remove(name);
        }
        edited.save(config, new char[0]);
    }

    private static void forget(Path config, String... names) throws Exception {
        if (edited == null) {
            edited = openKeystore(config);
        }
        for (String name : names) {
            edited.remove(name);
        }
        edited.save(config, new char[0]);
    }

    private static void remove(Path directory) {
        for (int attempt = 0; attempt < 3; attempt++) { // the node may still write
            try (var all = Files.walk(directory)) {
                for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(p);
                }
                return;
            } catch (IOException e) {
                // again
            }
        }
    }
}
