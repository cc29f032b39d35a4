package org.elasticsearch.xpack.security;

import java.util.ArrayList;
import java.util.List;
import org.elasticsearch.common.settings.Settings;

/** Security without SAML: OpenSAML is not on Maven Central, and Guice looks at the constructors of every action. */
@SuppressWarnings({ "rawtypes", "unchecked" }) // 8.x has a generic ActionHandler, 9.x a plain one
public class RealSecurity extends Security {
    public RealSecurity(Settings settings) {
        super(settings);
    }

    @Override
    public List getActions() {
        List<ActionHandler> actions = new ArrayList(super.getActions());
        actions.removeIf(a -> a.getTransportAction().getSimpleName().contains("Saml"));
        return actions;
    }
}
