package org.elasticsearch.node;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.TransportAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;

/** What no registry has as a library: GET / (module rest-root), and what the index .security needs of analysis-common. */
@SuppressWarnings("rawtypes") // 8.x has a generic ActionHandler, 9.x a plain one
public class RealExtras extends RootHandler implements AnalysisPlugin {
    static final ActionType<Main> MAIN = new ActionType<>("cluster:monitor/main");

    @Override
    public List getActions() {
        return List.of(new ActionHandler(MAIN, MainAction.class));
    }

    static final RestHandler ROOT = new BaseRestHandler() {
        @Override
        public String getName() {
            return "main_action";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return channel -> client.execute(MAIN, new MainRequest(), new RestToXContentListener<>(channel));
        }
    };

    public static class MainRequest extends ActionRequest {
        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static class Main extends ActionResponse implements ToXContentObject {
        final String node, cluster, uuid;

        Main(String node, String cluster, String uuid) {
            this.node = node;
            this.cluster = cluster;
            this.uuid = uuid;
        }

        @Override
        public void writeTo(StreamOutput out) {
            throw new UnsupportedOperationException();
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder b, Params params) throws java.io.IOException {
            return b.startObject()
                .field("name", node)
                .field("cluster_name", cluster)
                .field("cluster_uuid", uuid)
                .startObject("version")
                .field("number", Build.current().version())
                .field("build_flavor", Build.current().flavor())
                .field("lucene_version", IndexVersion.current().luceneVersion().toString())
                .field("minimum_wire_compatibility_version", Build.current().minWireCompatVersion())
                .field("minimum_index_compatibility_version", Build.current().minIndexCompatVersion())
                .endObject()
                .field("tagline", "You Know, for Search")
                .endObject();
        }
    }

    public static class MainAction extends TransportAction<MainRequest, Main> {
        private final ClusterService clusterService;

        @Inject
        public MainAction(TransportService transportService, ActionFilters filters, ClusterService clusterService) {
            super(MAIN.name(), filters, transportService.getTaskManager(), Runnable::run);
            this.clusterService = clusterService;
        }

        @Override
        protected void doExecute(Task task, MainRequest request, ActionListener<Main> listener) {
            var state = clusterService.state();
            listener.onResponse(new Main(Node.NODE_NAME_SETTING.get(clusterService.getSettings()), state.getClusterName().value(), state.metadata().clusterUUID()));
        }
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "pattern_capture",
            (index, env, name, settings) -> filter(
                name,
                in -> new PatternCaptureGroupTokenFilter(
                    in,
                    settings.getAsBoolean("preserve_original", true),
                    settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new)
                )
            ),
            "unique",
            (index, env, name, settings) -> filter(name, RemoveDuplicatesTokenFilter::new)
        );
    }

    private static TokenFilterFactory filter(String name, UnaryOperator<TokenStream> create) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream in) {
                return create.apply(in);
            }
        };
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("uax_url_email", (index, env, name, settings) -> new TokenizerFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Tokenizer create() {
                return new UAX29URLEmailTokenizer();
            }
        });
    }
}
